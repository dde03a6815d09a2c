fn aJ*#
numbernumber