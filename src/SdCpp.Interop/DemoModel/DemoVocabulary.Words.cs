namespace SdCpp.Interop;

/// <content>The words. An engine id is one token of the Qwen vocabulary; a word has one for each spelling that is a single token: with and
/// without a space before it, in lower case, with a capital, in capitals.</content>
internal static partial class DemoVocabulary
{
    /// <summary>Words that name a colour, with the colour as 0xRRGGBB.</summary>
    internal static readonly ColourWord[] Colours =
    [
        new("red", 0xDB1A1F, [1151, 2518, 6033, 3731, 6504, 25810]),
        new("green", 0x1A9E38, [13250, 6176, 19576, 7840, 55954, 53559]),
        new("blue", 0x1F47DB, [12203, 6303, 10331, 8697, 64330, 55892]),
        new("yellow", 0xFAD91F, [27869, 13753, 47699, 25462, 97029, 81276]),
        new("orange", 0xF78C14, [34164, 18575, 41969, 21958]),
        new("purple", 0x8029AD, [56507, 24932, 74513, 40389]),
        new("violet", 0x8029AD, [79736, 73474]),
        new("pink", 0xFA8CB8, [63249, 18217, 71352, 26119]),
        new("cyan", 0x1ACCE0, [69746, 57888, 92143]),
        new("turquoise", 0x26C7B8, [95947]),
        new("teal", 0x0D8080, [94607]),
        new("white", 0xFAFAFA, [5782, 4158, 14075, 5807, 56999, 42767]),
        new("black", 0x0A0A0D, [11453, 3691, 14417, 5235, 62849, 36647]),
        new("gray", 0x808085, [11650, 17545, 28174, 23366, 57157]),
        new("grey", 0x808085, [34571, 19780, 59165, 25685]),
        new("brown", 0x73451F, [64461, 13876, 48388, 10471]),
        new("gold", 0xD9A821, [34537, 6623, 25434, 7421, 72763]),
        new("golden", 0xD9A821, [97235, 20748, 59790, 17809]),
        new("navy", 0x0A1461, [44774, 19036]),
        new("lime", 0x99E61A, [38943, 41719, 70496]),
        new("silver", 0xBFC2C7, [81914, 14961, 52343, 14997]),
        new("crimson", 0xBF0D33, [96019, 66077]),
        new("beige", 0xEDE3C4, [78265]),
        new("lavender", 0xB59CE6, [80360]),
        new("coral", 0xFF804F, [52003, 63816]),
        new("salmon", 0xFA997A, [40320, 61726]),
        new("olive", 0x80801A, [32113, 46714]),
        new("ivory", 0xF7F5DE, [69816, 76609]),
        new("cream", 0xFAF0CC, [46000, 12644, 98781, 29700]),
        new("amber", 0xFAB814, [15221, 67605, 46664]),
        new("bronze", 0xB27333, [39807, 44867]),
        new("copper", 0xB86E47, [23285, 42540]),
        new("charcoal", 0x363D45, [60103]),
        new("chocolate", 0x61361C, [17931, 92964, 38420]),
        new("plum", 0x80336B, [41172, 83309]),
        new("mint", 0x9EEDC2, [67791, 28337, 41310]),
        new("mustard", 0xD1AD33, [64307]),
    ];

    /// <summary>Words that name a thing, with the outline it is drawn as.</summary>
    internal static readonly ShapeWord[] Shapes =
    [
        new("circle", DemoShape.Circle, [25857, 12671, 25199, 21224]),
        new("circles", DemoShape.Circle, [25362]),
        new("ball", DemoShape.Circle, [3959, 4935, 35907, 12836, 78480, 83848]),
        new("disc", DemoShape.Circle, [16822, 2560, 23477, 11735]),
        new("disk", DemoShape.Circle, [30496, 13364, 47583, 38868]),
        new("sun", DemoShape.Circle, [39519, 7015, 30092, 8059, 56228]),
        new("moon", DemoShape.Circle, [67269, 17788, 76019, 17330]),
        new("apple", DemoShape.Circle, [22377, 23268, 26567, 8162, 77999, 90336]),
        new("dot", DemoShape.Circle, [16119, 12756, 34207, 31262, 32553, 48326]),
        new("sphere", DemoShape.Circle, [87410, 25366, 42959, 54499]),
        new("planet", DemoShape.Circle, [50074, 11580, 59634, 28835]),
        new("button", DemoShape.Circle, [2159, 3137, 1567, 6601, 38450, 41389]),
        new("wheel", DemoShape.Circle, [38590, 13284, 44207, 32342]),
        new("balloon", DemoShape.Circle, [46756]),
        new("coin", DemoShape.Circle, [7160, 16254, 41180, 26233]),
        new("bubble", DemoShape.Circle, [77489, 23611, 75778, 53324]),
        new("globe", DemoShape.Circle, [23918, 40810]),
        new("square", DemoShape.Square, [37476, 9334, 33271, 15619, 92282]),
        new("squares", DemoShape.Square, [31340]),
        new("box", DemoShape.Square, [2011, 3745, 1611, 8261, 23026, 52683]),
        new("cube", DemoShape.Square, [45411, 23739, 43329, 42592]),
        new("block", DemoShape.Square, [4574, 2504, 4713, 8362, 39964, 28677]),
        new("house", DemoShape.Square, [7675, 3753, 28607, 4678, 96394, 68361]),
        new("tile", DemoShape.Square, [21094, 10023, 15628, 20744, 52849]),
        new("diamond", DemoShape.Diamond, [88576, 22205, 76510, 24334]),
        new("kite", DemoShape.Diamond, [98119]),
        new("crystal", DemoShape.Diamond, [25055, 80938, 27916]),
        new("gem", DemoShape.Diamond, [34103, 18747, 95040, 31145]),
        new("stripe", DemoShape.Band, [61233, 45542, 81927, 59566]),
        new("band", DemoShape.Band, [7053, 7055, 33744, 16936]),
        new("line", DemoShape.Band, [1056, 1555, 2460, 7083, 8265, 30851]),
        new("bar", DemoShape.Band, [2257, 3619, 3428, 4716, 33065, 44187]),
        new("road", DemoShape.Band, [8546, 5636, 56959, 9536, 47931, 82193]),
        new("ribbon", DemoShape.Band, [54580, 44567, 76467]),
        new("belt", DemoShape.Band, [75848, 19125, 32893]),
        new("column", DemoShape.Column, [6229, 3250, 2933, 9332, 81190, 39023]),
        new("pillar", DemoShape.Column, [76502, 61207]),
        new("pole", DemoShape.Column, [68072, 25026, 52627]),
        new("tower", DemoShape.Column, [77578, 21271, 95824, 21938]),
        new("cross", DemoShape.Cross, [28842, 5312, 28501, 11261, 97773]),
        new("plus", DemoShape.Cross, [7138, 5519, 21807, 12343, 61578, 58453]),
        new("oval", DemoShape.Oval, [13516, 60037, 55689]),
        new("ellipse", DemoShape.Oval, [68004, 57397, 81575]),
        new("egg", DemoShape.Oval, [28368, 18636, 41213]),
        new("lemon", DemoShape.Oval, [29464, 51210]),
        new("rectangle", DemoShape.Rectangle, [55316, 22756, 21095, 19280]),
        new("brick", DemoShape.Rectangle, [69673, 24837, 44614]),
        new("card", DemoShape.Rectangle, [4951, 3701, 5770, 6795, 59219, 41700]),
    ];

    /// <summary>Words that take the colour before them as the colour behind the shape.</summary>
    internal static readonly BackgroundWord[] Backgrounds =
    [
        new("background", [6742, 4004, 8706, 24800, 81422, 96614]),
        new("backgrounds", [35476]),
        new("backdrop", [38477, 89938]),
        new("sky", [26684, 12884, 45948, 14722]),
        new("wall", [16431, 7002, 32597, 9736, 78375]),
        new("canvas", [19943, 10041, 18226, 25698]),
        new("field", [2566, 2070, 1877, 8601, 28747, 40278]),
        new("floor", [30449, 6422, 51444, 16581]),
        new("table", [2005, 1965, 2556, 6633, 24643, 14363]),
        new("paper", [19166, 5567, 30898, 17862]),
        new("wallpaper", [43586, 70796]),
        new("ground", [1951, 4910, 30714, 25413, 31687]),
        new("lawn", [36025, 68392]),
    ];

    /// <summary>Words that change the size, with the factor on the diameter.</summary>
    internal static readonly SizeWord[] Sizes =
    [
        new("tiny", 0.45, [46116, 13673, 85693, 47974]),
        new("miniature", 0.45, [56763]),
        new("small", 0.65, [9004, 2613, 25307, 14994, 49197]),
        new("little", 0.65, [55392, 2632, 38103, 14671]),
        new("big", 1.25, [16154, 2409, 15636, 6164, 67017, 36854]),
        new("large", 1.25, [16767, 3460, 34253, 20286, 76656]),
        new("huge", 1.45, [95370, 6765, 50783, 72656]),
        new("giant", 1.45, [14538, 40741]),
        new("gigantic", 1.45, [57873]),
        new("enormous", 1.45, [22399]),
        new("massive", 1.45, [10951, 81464]),
    ];

    /// <summary>Words that move the shape, with the shift to the right and downwards in radii of a shape of normal size.</summary>
    internal static readonly PlaceWord[] Places =
    [
        new("left", -0.6, 0, [2359, 2115, 5415, 13727, 22397, 21920]),
        new("right", 0.6, 0, [1291, 1290, 5979, 10083, 11572, 27477]),
        new("top", 0, -0.6, [3481, 1909, 5366, 6909, 25378, 25012]),
        new("upper", 0, -0.6, [13574, 8416, 14251, 30614, 96312]),
        new("bottom", 0, 0.6, [14860, 5622, 11279, 25737, 75140, 90571]),
        new("lower", 0, 0.6, [14772, 4722, 9053, 27536, 93780, 85457]),
    ];
}
