using System.Globalization;

namespace Loire.Log.Objects;

/// <summary>The kinds of keys.</summary>
internal enum ObjectKeyKind : byte
{
    /// <summary>The log's one mutable object.</summary>
    Head = 0,

    /// <summary>A chunk, by its ordinal.</summary>
    Chunk = 1,

    /// <summary>A part, written by a leader's maintenance (segment, index page, snapshot, page of a table): a head revision and a count.</summary>
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
    /// <summary>Characters of an incarnation in a storage key.</summary>
    public const int IncarnationLength = 32;

    /// <summary>The key of the head.</summary>
    public static readonly ObjectKey Head = new(ObjectKeyKind.Head, 0, 0);

    /// <summary>The key of a chunk.</summary>
    public static ObjectKey Chunk(long ordinal) => new(ObjectKeyKind.Chunk, ordinal, 0);

    /// <summary>The key of a part.</summary>
    public static ObjectKey Part(long revision, int index) => new(ObjectKeyKind.Part, revision, index);

    /// <summary>
    /// Reads the text after a log's name in the storage key of one of its objects, and the incarnation before it if there is one; false if it
    /// is none.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Guid? incarnation, out ObjectKey key)
    {
        (incarnation, key) = (null, Head);
        if (text is "head")
        {
            return true;
        }

        if (text.IndexOf('/') == IncarnationLength && Guid.TryParseExact(text[..IncarnationLength], "N", out var guid))
        {
            incarnation = guid;
            text = text[(IncarnationLength + 1)..];
        }

        var slash = text.IndexOf('/');
        if (slash < 0)
        {
            return false;
        }

        var (kind, numbers) = (text[..slash].ToString(), text[(slash + 1)..].ToString());
        var dash = numbers.IndexOf('-', StringComparison.Ordinal);
        if (kind == "chunk" && TryParse(numbers, out var ordinal))
        {
            key = Chunk(ordinal);
            return true;
        }

        if (kind == "part" && dash > 0 && TryParse(numbers.AsSpan(0, dash), out var revision)
            && TryParse(numbers.AsSpan(dash + 1), out var index) && index <= int.MaxValue)
        {
            key = Part(revision, (int)index);
            return true;
        }

        return false;
    }

    /// <summary>The last segments of the storage key; numbers are padded so that listings are sorted.</summary>
    public override string ToString() => Kind switch
    {
        ObjectKeyKind.Head => "head",
        ObjectKeyKind.Chunk => string.Create(CultureInfo.InvariantCulture, $"chunk/{Number:D16}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"part/{Number:D12}-{Index:D4}"),
    };

    private static bool TryParse(ReadOnlySpan<char> digits, out long number) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
