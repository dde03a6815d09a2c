source:table
      }}