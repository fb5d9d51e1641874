"""Who had access to whose data: searched by the data-protection officer, told to the person, watched by alerts."""
