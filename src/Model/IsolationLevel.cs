namespace Loire.Model;

/// <summary>Which records of transactions a reader gets (<c>isolation.level</c>).</summary>
[GenerateSerializer, Alias("loire.IsolationLevel")]
public enum IsolationLevel : byte
{
    /// <summary>All that are committed to the log, of open and aborted transactions too.</summary>
    ReadUncommitted = 0,

    /// <summary>Those before the last stable offset, and none of an aborted transaction.</summary>
    ReadCommitted = 1,
}
