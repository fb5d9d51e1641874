"""Certificates of those who have neither mobile phone nor e-mail: to the laboratory, to be handed over on paper.

Source: "Dispositif de diffusion des certificats de test COVID-19 aux patients éloignés du numérique", guide of SI-DEP for
laboratories, V1.2 of 29 June 2021, called "the guide" in this room. What it leaves open is decided in
docs/decisions/051-handover.md.
"""
