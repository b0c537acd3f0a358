namespace Loire.Model;

/// <summary>
/// The position of a record in its partition: 0 for the first record ever appended; never reused. Gaps are legal.
/// </summary>
/// <param name="Value">The position; at least 0 in everything that is stored.</param>
[GenerateSerializer, Immutable, Alias("loire.Offset")]
public readonly record struct Offset([property: Id(0)] long Value) : IComparable<Offset>
{
    /// <summary>The first position of every partition.</summary>
    public static readonly Offset Zero = new(0);

    /// <summary>Marks the absence of an offset, as Kafka's −1 does.</summary>
    public static readonly Offset None = new(-1);

    /// <summary>Converts a number implicitly, so that <c>new TopicPartitionOffset("orders", 0, 42)</c> compiles.</summary>
    public static implicit operator Offset(long value) => new(value);

    /// <summary>The position <paramref name="delta"/> records after <paramref name="offset"/>.</summary>
    public static Offset operator +(Offset offset, long delta) => new(checked(offset.Value + delta));

    /// <summary>The number of positions from <paramref name="right"/> to <paramref name="left"/>; negative if left is earlier.</summary>
    public static long operator -(Offset left, Offset right) => checked(left.Value - right.Value);

    /// <summary>The earlier of two positions.</summary>
    public static Offset Min(Offset left, Offset right) => left < right ? left : right;

    /// <summary>The later of two positions.</summary>
    public static Offset Max(Offset left, Offset right) => left > right ? left : right;

    /// <summary>Whether <paramref name="left"/> comes before <paramref name="right"/>.</summary>
    public static bool operator <(Offset left, Offset right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> comes after <paramref name="right"/>.</summary>
    public static bool operator >(Offset left, Offset right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> does not come after <paramref name="right"/>.</summary>
    public static bool operator <=(Offset left, Offset right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> does not come before <paramref name="right"/>.</summary>
    public static bool operator >=(Offset left, Offset right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public int CompareTo(Offset other) => Value.CompareTo(other.Value);

    /// <summary>The position as a decimal number.</summary>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
