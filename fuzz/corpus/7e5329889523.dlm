  input
}
data mails {source:table {
    || | 1    |
useexponential"gate.dlm" 7 gates }