lr*
)