using Loire.Log.Journals;

namespace Loire.Grains.Journals;

/// <summary>Makes the instances of one journal, not opened: an instance that has failed or was deleted is not used again.</summary>
/// <param name="name">The journal's name, <c>{kind}/{key}</c>.</param>
/// <param name="keys">Says where the journal lies.</param>
/// <param name="newJournal">Makes an instance for a log id.</param>
public sealed class JournalSource(string name, IJournalKeys keys, Func<string, Journal> newJournal)
{
    /// <summary>The journal's name.</summary>
    public string Name => name;

    /// <summary>Makes an instance.</summary>
    public async ValueTask<Journal> NewAsync() => newJournal(await keys.FindLogIdAsync(name));
}
