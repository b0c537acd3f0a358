namespace Loire.Edge.Calls;

/// <summary>
/// The only mapping from a failed grain call to Kafka's error. A grain returns expected failures as values; an exception means that the
/// call did not reach the grain or that its answer was lost.
/// </summary>
public static class GrainCallErrors
{
    /// <summary>
    /// The error of a call that failed with <paramref name="exception"/>: retriable, and with an unknown outcome if the call has side
    /// effects. Null for an exception that grain calls are not expected to throw, which is a bug.
    /// </summary>
    public static ErrorCode? Of(Exception exception) => exception switch
    {
        TimeoutException => ErrorCode.RequestTimedOut,
        OrleansException => ErrorCode.LeaderNotAvailable,
        _ => null,
    };
}
