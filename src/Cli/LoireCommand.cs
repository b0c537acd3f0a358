using System.CommandLine;
using System.CommandLine.Help;
using Loire.Cli.Bench;
using Loire.Cli.Cluster;
using Loire.Cli.CommandLine;
using Loire.Cli.Completion;
using Loire.Cli.Consume;
using Loire.Cli.Groups;
using Loire.Cli.Kafka;
using Loire.Cli.Produce;
using Loire.Cli.Terminals;
using Loire.Cli.Topics;
using Loire.Cli.Transactions;

namespace Loire.Cli;

/// <summary>The tree of commands.</summary>
internal static class LoireCommand
{
    public static RootCommand Create(Caller caller)
    {
        var root = new RootCommand("The command line of Loire. Data goes to standard output, everything else to standard error.")
        {
            TopicCommand.Create(caller),
            ProduceCommand.Create(caller),
            ConsumeCommand.Create(caller),
            TailCommand.Create(caller),
            OffsetsCommand.Create(caller),
            GroupCommand.Create(caller),
            TransactionCommand.Create(caller),
            ProducerCommand.Create(caller),
            ClusterCommand.Create(caller),
            KafkaCommand.Create(caller),
            BenchCommand.Create(caller),
            ErrorsCommand.Create(caller),
            ContextCommand.Create(caller),
            CompletionCommand.Create(caller),
        };
        GlobalOptions.AddTo(root);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new AlignedHelp((HelpAction)help.Action!);
        return root;
    }
}
