using Loire.Model;

namespace Loire.Client;

/// <summary>A part of a record.</summary>
public enum MessageComponent
{
    /// <summary>The key.</summary>
    Key,

    /// <summary>The value.</summary>
    Value,
}

/// <summary>What is being serialized or deserialized.</summary>
/// <param name="Component">Key or value.</param>
/// <param name="Topic">The record's topic.</param>
/// <param name="Headers">The record's headers; a serializer may add to them, null only where the caller has none to give.</param>
public readonly record struct SerializationContext(MessageComponent Component, TopicName Topic, Headers? Headers);
