namespace Loire.Model;

/// <summary>
/// Why a request failed: Kafka's numbers, names and meanings (org.apache.kafka.common.protocol.Errors of Kafka 4.1).
/// <see cref="ErrorCodes"/> has the human-readable texts, and whether a request is worth retrying.
/// </summary>
[GenerateSerializer, Alias("loire.ErrorCode")]
public enum ErrorCode : short
{
    /// <summary>The server failed unexpectedly.</summary>
    UnknownServerError = -1,

    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The offset lies before the first or after the last one that the partition holds.</summary>
    OffsetOutOfRange = 1,

    /// <summary>The record batch is corrupt: its checksum, length or layout is wrong.</summary>
    CorruptMessage = 2,

    /// <summary>The topic or the partition does not exist.</summary>
    UnknownTopicOrPartition = 3,

    /// <summary>The number of bytes to fetch is not allowed.</summary>
    InvalidFetchSize = 4,

    /// <summary>The partition has no leader at the moment.</summary>
    LeaderNotAvailable = 5,

    /// <summary>Another broker leads the partition, or this broker has no copy of it.</summary>
    NotLeaderOrFollower = 6,

    /// <summary>The request took too long; it may or may not have had its effect.</summary>
    RequestTimedOut = 7,

    /// <summary>The broker cannot be reached.</summary>
    BrokerNotAvailable = 8,

    /// <summary>This copy of the partition cannot be read at the moment.</summary>
    ReplicaNotAvailable = 9,

    /// <summary>A record or a batch is larger than the topic or the server allows.</summary>
    MessageTooLarge = 10,

    /// <summary>The request comes from a controller that has been replaced.</summary>
    StaleControllerEpoch = 11,

    /// <summary>The metadata of a committed offset is too long.</summary>
    OffsetMetadataTooLarge = 12,

    /// <summary>The connection ended before the answer arrived; the request may or may not have had its effect.</summary>
    NetworkException = 13,

    /// <summary>The coordinator is still loading its state.</summary>
    CoordinatorLoadInProgress = 14,

    /// <summary>No coordinator is available for this group or transactional id at the moment.</summary>
    CoordinatorNotAvailable = 15,

    /// <summary>Another broker coordinates this group or transactional id.</summary>
    NotCoordinator = 16,

    /// <summary>The topic's name is not legal, or the operation is not allowed on this topic.</summary>
    InvalidTopicException = 17,

    /// <summary>The batches of one request are together larger than a segment.</summary>
    RecordListTooLarge = 18,

    /// <summary>Fewer copies are in sync than min.insync.replicas requires; nothing was appended.</summary>
    NotEnoughReplicas = 19,

    /// <summary>The records were appended, but to fewer in-sync copies than min.insync.replicas requires.</summary>
    NotEnoughReplicasAfterAppend = 20,

    /// <summary>The value of acks is not one of 0, 1 and all.</summary>
    InvalidRequiredAcks = 21,

    /// <summary>The generation of the group is not the current one.</summary>
    IllegalGeneration = 22,

    /// <summary>The member supports no assignment protocol in common with the rest of the group.</summary>
    InconsistentGroupProtocol = 23,

    /// <summary>The group id is not legal.</summary>
    InvalidGroupId = 24,

    /// <summary>The group has no such member.</summary>
    UnknownMemberId = 25,

    /// <summary>The session timeout lies outside the range that the server allows.</summary>
    InvalidSessionTimeout = 26,

    /// <summary>The group is rebalancing; the member must join again.</summary>
    RebalanceInProgress = 27,

    /// <summary>The committed offset is too large to be stored.</summary>
    InvalidCommitOffsetSize = 28,

    /// <summary>The caller is not authorized for this operation on the topic.</summary>
    TopicAuthorizationFailed = 29,

    /// <summary>The caller is not authorized for this operation on the group.</summary>
    GroupAuthorizationFailed = 30,

    /// <summary>The caller is not authorized for this operation on the cluster.</summary>
    ClusterAuthorizationFailed = 31,

    /// <summary>A timestamp lies outside the range that the topic allows, or contradicts itself.</summary>
    InvalidTimestamp = 32,

    /// <summary>The server does not offer this SASL mechanism.</summary>
    UnsupportedSaslMechanism = 33,

    /// <summary>The request is not valid in the current step of authentication.</summary>
    IllegalSaslState = 34,

    /// <summary>The server does not support this version of the request.</summary>
    UnsupportedVersion = 35,

    /// <summary>A topic of this name exists already.</summary>
    TopicAlreadyExists = 36,

    /// <summary>The number of partitions is not allowed.</summary>
    InvalidPartitions = 37,

    /// <summary>The replication factor is below 1 or above the number of brokers.</summary>
    InvalidReplicationFactor = 38,

    /// <summary>The assignment of copies to brokers is not legal.</summary>
    InvalidReplicaAssignment = 39,

    /// <summary>A configuration name is unknown or its value is not allowed.</summary>
    InvalidConfig = 40,

    /// <summary>This broker is not the controller.</summary>
    NotController = 41,

    /// <summary>The request is malformed or contradicts itself.</summary>
    InvalidRequest = 42,

    /// <summary>The record format does not support this; only format 2 is accepted.</summary>
    UnsupportedForMessageFormat = 43,

    /// <summary>The request violates a policy of this cluster.</summary>
    PolicyViolation = 44,

    /// <summary>The producer's sequence number leaves a gap; a batch before it is missing.</summary>
    OutOfOrderSequenceNumber = 45,

    /// <summary>The producer's batch was already appended, too long ago for its offset to be known.</summary>
    DuplicateSequenceNumber = 46,

    /// <summary>The producer's epoch is older than the one last seen.</summary>
    InvalidProducerEpoch = 47,

    /// <summary>The transaction is not in a state that allows this.</summary>
    InvalidTxnState = 48,

    /// <summary>The producer id does not belong to this transactional id.</summary>
    InvalidProducerIdMapping = 49,

    /// <summary>The transaction timeout is longer than the server allows.</summary>
    InvalidTransactionTimeout = 50,

    /// <summary>Another operation on the same transaction is still in progress.</summary>
    ConcurrentTransactions = 51,

    /// <summary>The transaction coordinator that sent the marker has been replaced.</summary>
    TransactionCoordinatorFenced = 52,

    /// <summary>The caller is not authorized to use this transactional id.</summary>
    TransactionalIdAuthorizationFailed = 53,

    /// <summary>Security is disabled.</summary>
    SecurityDisabled = 54,

    /// <summary>The server did not try this part of the request because another part failed.</summary>
    OperationNotAttempted = 55,

    /// <summary>The store failed the operation: it is full, broken or unreachable.</summary>
    KafkaStorageError = 56,

    /// <summary>The broker has no such log directory.</summary>
    LogDirNotFound = 57,

    /// <summary>Authentication failed.</summary>
    SaslAuthenticationFailed = 58,

    /// <summary>The producer is no longer known because its records have been deleted.</summary>
    UnknownProducerId = 59,

    /// <summary>The partition is already being reassigned.</summary>
    ReassignmentInProgress = 60,

    /// <summary>Delegation tokens are disabled.</summary>
    DelegationTokenAuthDisabled = 61,

    /// <summary>There is no such delegation token.</summary>
    DelegationTokenNotFound = 62,

    /// <summary>The caller is neither the owner nor a renewer of the delegation token.</summary>
    DelegationTokenOwnerMismatch = 63,

    /// <summary>Delegation tokens cannot be requested over this connection.</summary>
    DelegationTokenRequestNotAllowed = 64,

    /// <summary>The caller is not authorized to use this delegation token.</summary>
    DelegationTokenAuthorizationFailed = 65,

    /// <summary>The delegation token has expired.</summary>
    DelegationTokenExpired = 66,

    /// <summary>Principals of this type are not supported.</summary>
    InvalidPrincipalType = 67,

    /// <summary>The group still has members.</summary>
    NonEmptyGroup = 68,

    /// <summary>There is no such group.</summary>
    GroupIdNotFound = 69,

    /// <summary>The fetch session is unknown or has expired.</summary>
    FetchSessionIdNotFound = 70,

    /// <summary>The epoch of the fetch session is not the expected one.</summary>
    InvalidFetchSessionEpoch = 71,

    /// <summary>The leader has no listener that matches the one that received the request.</summary>
    ListenerNotFound = 72,

    /// <summary>Topic deletion is disabled.</summary>
    TopicDeletionDisabled = 73,

    /// <summary>The request names a leader epoch older than the current one.</summary>
    FencedLeaderEpoch = 74,

    /// <summary>The request names a leader epoch that this broker has not reached yet.</summary>
    UnknownLeaderEpoch = 75,

    /// <summary>The compression codec is unknown, or not available here.</summary>
    UnsupportedCompressionType = 76,

    /// <summary>The broker has re-registered since it sent the request.</summary>
    StaleBrokerEpoch = 77,

    /// <summary>The new leader does not know its high watermark yet.</summary>
    OffsetNotAvailable = 78,

    /// <summary>The member must join again with the member id from this response.</summary>
    MemberIdRequired = 79,

    /// <summary>The preferred leader cannot take over at the moment.</summary>
    PreferredLeaderNotAvailable = 80,

    /// <summary>The group has reached its maximum number of members.</summary>
    GroupMaxSizeReached = 81,

    /// <summary>Another member has taken over this group instance id.</summary>
    FencedInstanceId = 82,

    /// <summary>No copy that may lead the partition is available.</summary>
    EligibleLeadersNotAvailable = 83,

    /// <summary>The partition is already led by its preferred copy.</summary>
    ElectionNotNeeded = 84,

    /// <summary>The partition is not being reassigned.</summary>
    NoReassignmentInProgress = 85,

    /// <summary>Offsets of a topic cannot be deleted while the group subscribes to it.</summary>
    GroupSubscribedToTopic = 86,

    /// <summary>A record batch is inconsistent or contains what a client must not send.</summary>
    InvalidRecord = 87,

    /// <summary>Offsets of an open transaction are pending.</summary>
    UnstableOffsetCommit = 88,

    /// <summary>The throttling quota is exceeded.</summary>
    ThrottlingQuotaExceeded = 89,

    /// <summary>A newer producer with the same transactional id has taken over.</summary>
    ProducerFenced = 90,

    /// <summary>The request names something that does not exist.</summary>
    ResourceNotFound = 91,

    /// <summary>The request names the same thing twice.</summary>
    DuplicateResource = 92,

    /// <summary>The credential does not meet the rules for credentials.</summary>
    UnacceptableCredential = 93,

    /// <summary>The sender or the receiver is not among the expected voters.</summary>
    InconsistentVoterSet = 94,

    /// <summary>The version to update to is not legal.</summary>
    InvalidUpdateVersion = 95,

    /// <summary>The features could not be updated.</summary>
    FeatureUpdateFailed = 96,

    /// <summary>The principal of a forwarded request could not be read.</summary>
    PrincipalDeserializationFailure = 97,

    /// <summary>There is no such snapshot.</summary>
    SnapshotNotFound = 98,

    /// <summary>The position lies outside the snapshot.</summary>
    PositionOutOfRange = 99,

    /// <summary>There is no topic with this id.</summary>
    UnknownTopicId = 100,

    /// <summary>Another broker uses this broker id.</summary>
    DuplicateBrokerRegistration = 101,

    /// <summary>No broker is registered under this id.</summary>
    BrokerIdNotRegistered = 102,

    /// <summary>The topic has been recreated under a different id.</summary>
    InconsistentTopicId = 103,

    /// <summary>The request was meant for another cluster.</summary>
    InconsistentClusterId = 104,

    /// <summary>There is no such transactional id.</summary>
    TransactionalIdNotFound = 105,

    /// <summary>The fetch session mixes requests with and without topic ids.</summary>
    FetchSessionTopicIdError = 106,

    /// <summary>The new set of in-sync copies contains an ineligible one.</summary>
    IneligibleReplica = 107,

    /// <summary>The change was made and a new leader was elected.</summary>
    NewLeaderElected = 108,

    /// <summary>The offset has moved to tiered storage.</summary>
    OffsetMovedToTieredStorage = 109,

    /// <summary>The member has been fenced; it must give up its partitions and join again.</summary>
    FencedMemberEpoch = 110,

    /// <summary>Another member still uses this group instance id; it has to leave first.</summary>
    UnreleasedInstanceId = 111,

    /// <summary>The group does not support this assignor or its version.</summary>
    UnsupportedAssignor = 112,

    /// <summary>The member's epoch is stale; its next heartbeat returns the current one.</summary>
    StaleMemberEpoch = 113,

    /// <summary>The request was sent to an endpoint of the wrong type.</summary>
    MismatchedEndpointType = 114,

    /// <summary>Endpoints of this kind are not supported.</summary>
    UnsupportedEndpointType = 115,

    /// <summary>There is no controller with this id.</summary>
    UnknownControllerId = 116,

    /// <summary>The telemetry subscription is unknown or out of date.</summary>
    UnknownSubscriptionId = 117,

    /// <summary>The telemetry is larger than the server accepts.</summary>
    TelemetryTooLarge = 118,

    /// <summary>The controller does not accept the broker's registration.</summary>
    InvalidRegistration = 119,

    /// <summary>The transaction failed; after aborting it the transactional id can be used again.</summary>
    TransactionAbortable = 120,

    /// <summary>The record's state does not allow this acknowledgement.</summary>
    InvalidRecordState = 121,

    /// <summary>The share session is unknown or has expired.</summary>
    ShareSessionNotFound = 122,

    /// <summary>The epoch of the share session is not the expected one.</summary>
    InvalidShareSessionEpoch = 123,

    /// <summary>The state epoch of the share group is not the current one.</summary>
    FencedStateEpoch = 124,

    /// <summary>The voter key does not match that of the receiver.</summary>
    InvalidVoterKey = 125,

    /// <summary>The voter is already in the set of voters.</summary>
    DuplicateVoter = 126,

    /// <summary>The voter is not in the set of voters.</summary>
    VoterNotFound = 127,

    /// <summary>The regular expression is not valid.</summary>
    InvalidRegularExpression = 128,

    /// <summary>The client's metadata is too old; it must start again from its bootstrap servers.</summary>
    RebootstrapRequired = 129,

    /// <summary>The topology of the streams group is not valid.</summary>
    StreamsInvalidTopology = 130,

    /// <summary>The topology epoch of the streams group is not valid.</summary>
    StreamsInvalidTopologyEpoch = 131,

    /// <summary>The topology epoch of the streams group is out of date.</summary>
    StreamsTopologyFenced = 132,

    /// <summary>The maximum number of share sessions is reached.</summary>
    ShareSessionLimitReached = 133,
}
