namespace Loire.Model;

/// <summary>A text is not a legal topic name, group id, member id or group instance id.</summary>
/// <param name="code">Kafka's error for such a name.</param>
/// <param name="problem">Human-readable statement of the violated rule.</param>
public sealed class InvalidIdentifierException(ErrorCode code, string problem) : ArgumentException(problem)
{
    /// <summary>Kafka's error for such a name: <see cref="ErrorCode.InvalidTopicException"/> for a topic,
    /// <see cref="ErrorCode.InvalidGroupId"/> for a group, <see cref="ErrorCode.InvalidRequest"/> for a member or an instance.</summary>
    public ErrorCode Code { get; } = code;
}
