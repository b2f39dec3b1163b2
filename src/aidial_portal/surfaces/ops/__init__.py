"""Operations: what internal roles see of everybody, and where incidents are published."""
