namespace Loire.Edge.Topics;

/// <summary>The answer of a <see cref="TopicCache"/>.</summary>
/// <param name="Topic">The topic; null with an error.</param>
/// <param name="Error">
/// <see cref="ErrorCode.UnknownTopicOrPartition"/> if the topic does not exist; an error of <see cref="Calls.GrainCallErrors"/> if it could
/// not be reached; otherwise the error that it returned.
/// </param>
/// <param name="Detail">The topic's own message, if it has one.</param>
/// <param name="Cause">The exception of the failed call, if there is one.</param>
public readonly record struct TopicLookup(TopicRoutes? Topic, ErrorCode Error = ErrorCode.None, string? Detail = null, Exception? Cause = null);
