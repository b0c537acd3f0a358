using Loire.Kafka.Requests;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>The handlers of groups: coordinators, members, offsets, administration.</summary>
internal static class GroupsHandlers
{
    public static void AddGroupsHandlers(this IServiceCollection services) => services
        .AddSingleton<GroupCalls>()
        .AddSingleton<IKafkaHandler, FindCoordinatorHandler>()
        .AddSingleton<IKafkaHandler, JoinGroupHandler>()
        .AddSingleton<IKafkaHandler, SyncGroupHandler>()
        .AddSingleton<IKafkaHandler, HeartbeatHandler>()
        .AddSingleton<IKafkaHandler, LeaveGroupHandler>()
        .AddSingleton<OffsetCommits>()
        .AddSingleton<IKafkaHandler, OffsetCommitHandler>()
        .AddSingleton<IKafkaHandler, OffsetFetchHandler>()
        .AddSingleton<IKafkaHandler, TxnOffsetCommitHandler>()
        .AddSingleton<IKafkaHandler, DescribeGroupsHandler>()
        .AddSingleton<IKafkaHandler, ListGroupsHandler>()
        .AddSingleton<IKafkaHandler, DeleteGroupsHandler>()
        .AddSingleton<IKafkaHandler, OffsetDeleteHandler>()
        .AddSingleton<ConsumerPartitions>()
        .AddSingleton<IKafkaHandler, ConsumerGroupHeartbeatHandler>()
        .AddSingleton<IKafkaHandler, ConsumerGroupDescribeHandler>();
}
