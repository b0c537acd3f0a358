using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>The name of a group's journal.</summary>
internal static class GroupJournalName
{
    // '/' separates the segments of a log's name, and none may be empty. Group ids never contain this character; keys escape it.
    private const char Slash = '\u001f';

    /// <summary>Returns the name for a legal id; different ids have different names.</summary>
    public static string Of(GroupId groupId) => $"group/{groupId.Value.Replace('/', Slash)}";
}
