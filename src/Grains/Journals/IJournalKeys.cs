namespace Loire.Grains.Journals;

/// <summary>
/// Says under which keys the journals of grains lie in the store. Asked before every opening, because a journal that was deleted and is made
/// again may lie under keys that were never used before.
/// </summary>
public interface IJournalKeys
{
    /// <summary>The id of the log that holds a journal now, which begins the keys of all its objects.</summary>
    /// <param name="name">The journal's name, <c>{kind}/{key}</c>.</param>
    ValueTask<string> FindLogIdAsync(string name);
}

/// <summary>Every journal lies under its own name, for good.</summary>
public sealed class NameAsJournalKey : IJournalKeys
{
    /// <summary>The only instance.</summary>
    public static readonly NameAsJournalKey Instance = new();

    /// <inheritdoc/>
    public ValueTask<string> FindLogIdAsync(string name) => new(name);
}
