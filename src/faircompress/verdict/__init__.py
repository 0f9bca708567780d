"""The judge: rates by group, bounds that hold in small groups, rules, and one word.

``judge.judge`` is the only door. It sees predictions and rules, no model and no picture.
Inside: ``groups`` and ``rates`` say what is compared, ``units`` what is independent, ``tango`` and
``betting`` how sure one can be, ``evidence`` joins them, ``findings`` puts the rules, ``power``
says what more rows would tell, ``words`` says it all in sentences.
"""
