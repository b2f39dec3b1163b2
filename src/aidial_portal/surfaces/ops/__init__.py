"""Operations: what internal roles see first."""
