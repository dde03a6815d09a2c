model net on height:(number -)
model net on height: (number -