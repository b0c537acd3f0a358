using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>Handles catalog requests.</summary>
public static class CatalogRules
{
    /// <summary>Announces that a topic is about to be created or deleted.</summary>
    public static Decision<CatalogRecord> Announce(CatalogState state, TopicName name)
    {
        if (state.TryFindAlike(name, out var alike))
        {
            return alike != name
                ? Decision<CatalogRecord>.Refuse(
                    ErrorCode.InvalidTopicException,
                    $"Topic '{name}' collides with topic '{alike}': names that differ only in '.' and '_' share their metrics.")
                : state.IsAnnounced(name) ? Decision<CatalogRecord>.Accept()
                : Decision<CatalogRecord>.Accept(new CatalogRecord.Announced(name));
        }

        return state.Count >= Limits.Topics
            ? Decision<CatalogRecord>.Refuse(
                ErrorCode.PolicyViolation, $"The maximum of {Limits.Topics} topics is reached.")
            : Decision<CatalogRecord>.Accept(new CatalogRecord.Announced(name));
    }

    /// <summary>Records whether a topic exists, as the topic reports it.</summary>
    public static Decision<CatalogRecord> Record(CatalogState state, TopicName name, bool exists)
    {
        if (!state.TryFindAlike(name, out var alike))
        {
            return exists ? Decision<CatalogRecord>.Accept(new CatalogRecord.Exists(name)) : Decision<CatalogRecord>.Accept();
        }

        if (alike != name)
        {
            return exists
                ? Decision<CatalogRecord>.Refuse(ErrorCode.InvalidTopicException, $"Topic '{name}' collides with topic '{alike}'.")
                : Decision<CatalogRecord>.Accept();
        }

        return exists && state.Exists(name) ? Decision<CatalogRecord>.Accept()
            : Decision<CatalogRecord>.Accept(exists ? new CatalogRecord.Exists(name) : new CatalogRecord.Gone(name));
    }
}
