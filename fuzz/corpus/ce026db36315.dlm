optimizer adamax(]{state mrotate~
aurocstateadamax(rate,    tstate