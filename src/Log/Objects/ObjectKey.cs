using System.Globalization;

namespace Loire.Log.Objects;

/// <summary>The kinds of keys.</summary>
internal enum ObjectKeyKind : byte
{
    /// <summary>The log's one mutable object.</summary>
    Head = 0,

    /// <summary>A chunk, by its ordinal.</summary>
    Chunk = 1,

    /// <summary>A part, written by a leader's maintenance (segment, index page, snapshot): a head revision and a count.</summary>
    Part = 2,
}

/// <summary>
/// The key of an object within its log. A key never names two contents:
/// <list type="bullet">
/// <item>a chunk is created once under its ordinal, and ordinals only grow;</item>
/// <item>a part is named after the head's revision at the time. Each revision is written by one leader alone (a conditional write decides
/// which), only that leader names parts after it, and it counts them. So a crash between a part and the head that lists it leaves an orphan
/// whose name is known to the next leader, never a name that is used again;</item>
/// <item>a log whose name is used again after its deletion has nothing but its head under the bare name. The head's creation chooses a random
/// incarnation, which is part of every other key: what a write in doubt leaves after the deletion belongs to no later log.</item>
/// </list>
/// </summary>
/// <param name="Kind">The kind of the key.</param>
/// <param name="Number">A chunk's ordinal or a part's head revision; 0 for the head.</param>
/// <param name="Index">Counts the parts of one revision from 0.</param>
internal readonly record struct ObjectKey(ObjectKeyKind Kind, long Number, int Index)
{
    /// <summary>The key of the head.</summary>
    public static readonly ObjectKey Head = new(ObjectKeyKind.Head, 0, 0);

    /// <summary>The key of a chunk.</summary>
    public static ObjectKey Chunk(long ordinal) => new(ObjectKeyKind.Chunk, ordinal, 0);

    /// <summary>The key of a part.</summary>
    public static ObjectKey Part(long revision, int index) => new(ObjectKeyKind.Part, revision, index);

    /// <summary>The last segments of the storage key; numbers are padded so that listings are sorted.</summary>
    public override string ToString() => Kind switch
    {
        ObjectKeyKind.Head => "head",
        ObjectKeyKind.Chunk => string.Create(CultureInfo.InvariantCulture, $"chunk/{Number:D16}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"part/{Number:D12}-{Index:D4}"),
    };
}
