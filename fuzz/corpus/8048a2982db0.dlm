optimizer adamax{state mrotate~
 dlm