using Loire.Model;

namespace Loire.Client;

/// <summary>The component of a record that is serialized.</summary>
public enum MessageComponent
{
    /// <summary>The key.</summary>
    Key,

    /// <summary>The value.</summary>
    Value,
}

/// <summary>Describes the data being serialized or deserialized.</summary>
/// <param name="Component">Key or value.</param>
/// <param name="Topic">The record's topic.</param>
/// <param name="Headers">The record's headers, to which a serializer may add; null only if the caller has none to provide.</param>
public readonly record struct SerializationContext(MessageComponent Component, TopicName Topic, Headers? Headers);
