using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Loire.Model;

/// <summary>
/// Identifies one creation of a topic: a topic that is deleted and recreated under the same name has a new id (KIP-516).
/// </summary>
/// <param name="Value">Random; never <see cref="Guid.Empty"/> for a topic that exists.</param>
[GenerateSerializer, Immutable, Alias("loire.TopicId")]
public readonly record struct TopicId([property: Id(0)] Guid Value)
{
    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("N");
}

/// <summary>
/// Identifies one partition of one creation of a topic; as <c>{topic}/{topic id}/{partition}</c>, the key of its grain. The id separates a
/// recreated topic from its predecessor's data; the name lets the grain request the topic's configuration.
/// </summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Id">The creation of the topic.</param>
/// <param name="Partition">From 0 to the topic's number of partitions, exclusive.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionKey")]
public readonly record struct PartitionKey([property: Id(0)] TopicName Topic, [property: Id(1)] TopicId Id, [property: Id(2)] int Partition)
{
    /// <summary>Parses the format of <see cref="ToString"/>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PartitionKey key)
    {
        key = default;
        var parts = text?.Split('/');
        if (parts is not { Length: 3 }
            || !TopicName.TryParse(parts[0], out var topic, out _)
            || !Guid.TryParseExact(parts[1], "N", out var id)
            || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var partition))
        {
            return false;
        }

        key = new PartitionKey(topic, new TopicId(id), partition);
        return true;
    }

    /// <summary>The grain key.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Topic}/{Id}/{Partition}");
}
