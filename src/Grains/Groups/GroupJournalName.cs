using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>The name of a group's journal.</summary>
internal static class GroupJournalName
{
    // '/' separates the segments of a log's name, and none may be empty. Group ids never contain this character; keys escape it.
    private const char Slash = '\u001f';

    /// <summary>The kind of the journals of groups.</summary>
    public const string Kind = "group";

    /// <summary>Returns the name for a legal id; different ids have different names.</summary>
    public static string Of(GroupId groupId) => $"{Kind}/{groupId.Value.Replace('/', Slash)}";

    /// <summary>Returns the id of the group whose journal has a name, given what follows its kind; false if none has.</summary>
    public static bool TryParse(string key, out GroupId groupId) => GroupId.TryParse(key.Replace(Slash, '/'), out groupId, out _);
}
