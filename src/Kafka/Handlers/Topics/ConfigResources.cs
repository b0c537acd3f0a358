namespace Loire.Kafka.Handlers.Topics;

/// <summary>Kafka's numbers for what has settings, and for where a value comes from.</summary>
internal static class ConfigResources
{
    public const sbyte Topic = 2;
    public const sbyte Broker = 4;
    public const sbyte BrokerLogger = 8;
    public const sbyte ClientMetrics = 16;
    public const sbyte Group = 32;

    /// <summary>The topic sets the value.</summary>
    public const sbyte OfTopic = 1;

    /// <summary>The cluster has the value, for all topics that have none of their own.</summary>
    public const sbyte OfCluster = 3;

    /// <summary>The node was started with the value.</summary>
    public const sbyte OfNode = 4;

    /// <summary>The value that it has if nobody sets it.</summary>
    public const sbyte OfDefault = 5;

    /// <summary>Why settings of a resource cannot be changed; null for a topic.</summary>
    public static (ErrorCode Error, string Detail)? Refusal(sbyte type, string name) => type switch
    {
        Topic when name.Length == 0 => (ErrorCode.InvalidRequest, "A topic has a name."),
        Topic => null,
        Broker => (ErrorCode.InvalidConfig, "The settings of a broker are those that its node was started with."),
        _ => (ErrorCode.InvalidRequest, $"Resources of type {type} have no settings that can be changed."),
    };
}
