"""The folder of one account's archive: its layout, and the settings that its captures fix."""
