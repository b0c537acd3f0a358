namespace Loire.Kafka.Protocol.Wire;

/// <summary>Where reading stands in the tagged fields of a struct.</summary>
public readonly struct TagSection
{
    internal TagSection(int left, int tag = -1, int end = 0)
    {
        (Left, Tag, End) = (left, tag, end);
    }

    /// <summary>The tag of the current field; −1 before the first.</summary>
    public int Tag { get; }

    /// <summary>The fields that follow the current one.</summary>
    internal int Left { get; }

    /// <summary>The position behind the current field.</summary>
    internal int End { get; }
}
