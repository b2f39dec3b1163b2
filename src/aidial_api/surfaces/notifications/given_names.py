"""Given names that are no words of every day, by which a name is known in small letters.

The one thing a newcomer would get wrong: these are not all the names there are. What is a word as well (mark,
grace, hope, bill, victoria) is not here, because a name that is found is hidden wherever its letters stand.
"""

from __future__ import annotations

from typing import Final

GIVEN_NAMES: Final = frozenset(
    name
    for line in (
        "aaliyah aaron abdul abdullah abigail ada adam adele adrian agnes ahmad ahmed aidan aiden aisha",
        "akash alan alana albert alejandro alex alexander alexandra alexis alfie alfred ali alice alicia",
        "alison allan alyssa amanda amara amelia amina amir amy ana anastasia andrea andreas andrew",
        "angela angelina angelo anika anil anita anjali ann anna annabel anne annette annie anthony",
        "antonia antonio anya arabella archie ariana arjun arthur arun asha asher ashleigh ashley astrid",
        "audrey ava avery ayesha bailey barbara barry beatrice belinda bella ben benjamin bernadette",
        "bernard beth bethany beverley bianca bilal bob bonnie bradley brandon brayden brenda brendan",
        "brett brian brianna bridget bronwyn brooke bruce bruno bryan caitlin caleb callum cameron",
        "camilla camille carl carla carlos carmel carmen carol carole caroline carolyn cassandra",
        "catherine cathy cecilia celeste charles charlie charlotte chelsea cheryl chloe chris christina",
        "christine christopher claire clara claudia clinton colin connie connor corey courtney craig",
        "cynthia daisy damian damien dan daniel daniela danielle danny daphne darcy darren daryl dave",
        "david debbie deborah deepak denis denise dennis derek desmond diana diane diego dimitri dominic",
        "don donald donna doris dorothy doug douglas duncan dylan eddie edith edward eileen elaine",
        "eleanor elena eli elias elijah elise elizabeth ella ellen ellie elliot eloise elsie emilia emily",
        "emma enrico eric erica erin esther ethan eugene eva evan evelyn fatima felicity felix fernando",
        "fiona flora florence frances francesca francis francisco fred freddie frederick freya gabriel",
        "gabriella gareth gary gavin geoff geoffrey george georgia georgina gerald gerard gianna gina",
        "giovanni glenda glenn gloria gordon graeme graham greg gregory greta gurpreet gwen hamish hannah",
        "hans harold harper harpreet harriet harrison harry harvey hassan hayden hayley heather hector",
        "heidi helen helena henry hilary holly howard hugh hugo hussein ian ibrahim ida imogen imran",
        "ingrid irene irina isaac isabel isabella isabelle isla ivan jackson jacob jacqueline jade jaime",
        "jake jamal james jamie jan jane janet janice jared jasmin jasmine jason javier jayden jean",
        "jeanette jeff jeffrey jenna jennifer jenny jeremy jerome jesse jessica jessie jill jim jimmy",
        "jing joan joanna joanne jodie joe joel johan john johnny jonas jonathan jordan jorge jose joseph",
        "josephine josh joshua joyce juan juanita judith judy julia julian juliana julie juliet justin",
        "justine kai kamal karen karina karl kate katherine kathleen kathryn kathy katie katrina kay",
        "kayla keith kelly kelsey ken kenneth kerrie kerry kevin khalid kiara kim kimberley kiran kirsten",
        "kirsty krishna kristen kristina kumar kyle kylie lachlan lara larissa laura lauren laurence leah",
        "leanne lee leila leo leon leonard leslie lewis liam lillian lily lin lina linda lindsay lisa liz",
        "logan lois lorenzo lorraine louis louisa louise luca lucas lucia lucinda lucy luis luka luke",
        "lydia lyn lynda lynette mackenzie maddison madeleine madison maggie mahmoud malcolm mandy manuel",
        "marcel marco marcus margaret maria mariah marie marilyn marina mario marion marissa marjorie",
        "marlene martha martin martina mary mateo mathew matilda matt matteo matthew maureen maurice",
        "maxine maya megan mehmet mei melanie melinda melissa mia michael michelle miguel mike mila milan",
        "mimi ming miranda miriam mitchell mohamed mohammad mohammed molly monica monique morgan muhammad",
        "murray mustafa nadia nadine nancy naomi narelle natalia natalie natasha nathan nathaniel neha",
        "neil nellie nicholas nick nicola nicolas nicole nigel nikita nina nisha noah noel noor nora",
        "norma norman oliver olivia omar oscar otto owen pablo paige pamela patricia patrick paul paula",
        "pauline pedro penelope penny peta pete peter petra phil philip phillip phoebe phuong pierre",
        "pooja poppy preeti priya priyanka quentin quinn rachael rachel rafael rahul raj rajesh ralph",
        "ramon raymond rebecca regina reuben rhonda rhys ricardo richard rick ricky riley rita robert",
        "roberta roberto robyn rod roderick rodney roger rohan ron ronald rory rosa rosalie rosemary",
        "rosie ross rowan roy ruby russell ruth ryan sabrina sadie sally sam samantha samir samuel",
        "sandeep sandra sanjay santiago sara sarah sasha scott sean sebastian selena sergio shane shannon",
        "sharon shaun sheila shelley shirley sienna simon simone siobhan sofia sonia sophia sophie",
        "spencer stacey stan stanley stefan stella stephanie stephen steve steven stuart suresh susan",
        "susanne suzanne sven sylvia tahlia tamara tania tanya tara taylor ted teresa terrence terry theo",
        "theodore theresa thomas thuy tiffany tim timothy tina toby todd tom tommy toni tony tracey trang",
        "trent trevor trish troy tyler tyson uma umar una valentina valerie vanessa vera veronica vicki",
        "victor vijay vikram vincent virginia vivian vivienne wade walter wayne wei wendell wendy wesley",
        "william willow winston xavier xiao yan yasmin yasmine yolanda yosef youssef yuki yusuf yvette",
        "yvonne zac zachary zainab zara zoe",
    )
    for name in line.split()
)
