namespace Loire.Model;

/// <summary>
/// Counts the leaders of a partition. Every write carries the epoch of its writer, and storage refuses a lower one, so if two activations
/// both believe that they lead, only the newer one can append.
/// </summary>
/// <param name="Value">0 for the first leader; incremented for each new one.</param>
[GenerateSerializer, Immutable, Alias("loire.LeaderEpoch")]
public readonly record struct LeaderEpoch([property: Id(0)] int Value) : IComparable<LeaderEpoch>
{
    /// <summary>No leader yet, or an unknown epoch; −1 as in Kafka.</summary>
    public static readonly LeaderEpoch None = new(-1);

    /// <summary>The epoch of the next leader.</summary>
    public LeaderEpoch Next => new(checked(Value + 1));

    /// <summary>Whether <paramref name="left"/> is older.</summary>
    public static bool operator <(LeaderEpoch left, LeaderEpoch right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is newer.</summary>
    public static bool operator >(LeaderEpoch left, LeaderEpoch right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is not newer.</summary>
    public static bool operator <=(LeaderEpoch left, LeaderEpoch right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is not older.</summary>
    public static bool operator >=(LeaderEpoch left, LeaderEpoch right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public int CompareTo(LeaderEpoch other) => Value.CompareTo(other.Value);

    /// <summary>The epoch as a decimal number.</summary>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
