;

;;;#linear;;