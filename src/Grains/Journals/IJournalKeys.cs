namespace Loire.Grains.Journals;

/// <summary>
/// Maps the journals of grains to keys in the store. Queried before every opening, because a journal that was deleted and is created again
/// may get keys that were never used before.
/// </summary>
public interface IJournalKeys
{
    /// <summary>The id of the log that currently holds a journal: the prefix of the keys of its objects.</summary>
    /// <param name="name">The journal's name, <c>{kind}/{key}</c>.</param>
    ValueTask<string> FindLogIdAsync(string name);
}

/// <summary>Uses the name of a journal as its key, permanently.</summary>
public sealed class NameAsJournalKey : IJournalKeys
{
    /// <summary>The only instance.</summary>
    public static readonly NameAsJournalKey Instance = new();

    /// <inheritdoc/>
    public ValueTask<string> FindLogIdAsync(string name) => new(name);
}
