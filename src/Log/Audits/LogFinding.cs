namespace Loire.Log.Audits;

/// <summary>What an audit finds.</summary>
public enum LogFindingKind
{
    /// <summary>An object of no living log: there is no head, or the head belongs to another creation of the log.</summary>
    Leaked,

    /// <summary>An object that its living log neither lists nor is about to delete. It goes with the log.</summary>
    Unlisted,

    /// <summary>An object that a living log lists and that does not exist.</summary>
    Missing,

    /// <summary>A head or an index page that cannot be read, so what it lists could not be checked.</summary>
    Unreadable,

    /// <summary>The head of a log whose deletion was broken off; the next use of its name completes it.</summary>
    BeingDeleted,
}

/// <summary>One finding of an audit.</summary>
/// <param name="Kind">What was found.</param>
/// <param name="Log">The name of the log.</param>
/// <param name="Key">The id of the object's grain.</param>
public sealed record LogFinding(LogFindingKind Kind, string Log, string Key);
