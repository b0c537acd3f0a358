using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>The name of a group's journal.</summary>
internal static class GroupJournalName
{
    // In the name of a log '/' parts segments, and none may be empty. No group id has this character, and in keys it is escaped.
    private const char Slash = '\u001f';

    /// <summary>The name for a legal id; different ids have different names.</summary>
    public static string Of(GroupId groupId) => $"group/{groupId.Value.Replace('/', Slash)}";
}
