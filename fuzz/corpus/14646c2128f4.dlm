use""{gatelecun_truncatedf1
|}