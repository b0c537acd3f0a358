namespace Loire.Kafka.Protocol.Wire;

/// <summary>The body of a request or an answer.</summary>
public interface IKafkaMessage
{
    /// <summary>Replaces what the version has; other fields keep their defaults.</summary>
    /// <param name="reader">Stands at the first byte of the body, and behind the last one afterwards.</param>
    /// <param name="version">One that the table lists for the message.</param>
    /// <exception cref="MalformedMessageException">The bytes are not a message of this version.</exception>
    void Read(ref KafkaReader reader, short version);

    /// <summary>Appends the fields that the version has; others are left out without an error.</summary>
    /// <param name="writer">Where to append.</param>
    /// <param name="version">One that the table lists for the message.</param>
    /// <exception cref="InvalidOperationException">A field is null that must not be in this version, or too long.</exception>
    void Write(ref KafkaWriter writer, short version);
}

/// <summary>A struct within messages.</summary>
/// <typeparam name="TSelf">The type itself.</typeparam>
public interface IKafkaStruct<TSelf> : IKafkaMessage
    where TSelf : IKafkaStruct<TSelf>
{
    /// <summary>Bytes that an object takes outside of the array that it is in: 0 for value types.</summary>
    static abstract int ObjectBytes { get; }

    /// <summary>The least bytes that one takes in a version.</summary>
    static abstract int MinimumSize(short version);

    /// <summary>One with all fields at their defaults, which <see langword="default"/> of a value type is not.</summary>
    static abstract TSelf Create();
}
