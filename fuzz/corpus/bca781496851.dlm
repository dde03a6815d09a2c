


that