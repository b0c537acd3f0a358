using Loire.Log.Journals;

namespace Loire.Grains.Journals;

/// <summary>Creates unopened instances of one journal: an instance that has failed or was deleted is not used again.</summary>
/// <param name="name">The journal's name, <c>{kind}/{key}</c>.</param>
/// <param name="newJournal">Creates an instance of the journal of that name.</param>
public sealed class JournalSource(string name, Func<string, Journal> newJournal)
{
    /// <summary>The journal's name.</summary>
    public string Name => name;

    /// <summary>Creates an instance.</summary>
    public Journal New() => newJournal(name);
}
