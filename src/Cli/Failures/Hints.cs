namespace Loire.Cli.Failures;

/// <summary>What to do about an error, in terms of this command line.</summary>
internal static class Hints
{
    public static string? For(ErrorCode error) => error switch
    {
        ErrorCode.UnknownTopicOrPartition => "'loire topic list' shows the topics, 'loire topic describe NAME' the partitions.",
        ErrorCode.TopicAlreadyExists => "--if-not-exists makes this a success.",
        ErrorCode.OffsetOutOfRange => "'loire offsets TOPIC' shows which offsets there are.",
        ErrorCode.GroupIdNotFound => "'loire group list' shows the groups.",
        ErrorCode.TransactionalIdNotFound => "'loire txn list' shows the transactional ids.",
        ErrorCode.NonEmptyGroup or ErrorCode.GroupSubscribedToTopic => "stop its consumers first; 'loire group describe NAME' shows them.",
        ErrorCode.MessageTooLarge => "'loire topic alter NAME --set max.message.bytes=N' allows larger records.",
        ErrorCode.InvalidTopicException => "a name has 1 to 249 of letters, digits, '.', '_' and '-'.",
        ErrorCode.InvalidConfig => "'loire topic describe NAME' lists the settings.",
        ErrorCode.InvalidPartitions => "the number of partitions only grows, up to 10000.",
        ErrorCode.NotEnoughReplicas or ErrorCode.LeaderNotAvailable or ErrorCode.NotLeaderOrFollower => "try again in a moment.",
        ErrorCode.KafkaStorageError => "the node's /readyz and its log say what is wrong with the store.",
        ErrorCode.InvalidUpdateVersion or ErrorCode.FeatureUpdateFailed => "'loire cluster describe ID' shows which levels a broker supports.",
        ErrorCode.UnknownServerError => "the node's log has more.",
        _ => null,
    };
}
