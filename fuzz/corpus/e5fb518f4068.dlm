use
 }}
}}