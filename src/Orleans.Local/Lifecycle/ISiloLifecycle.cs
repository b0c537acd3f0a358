namespace Orleans.Runtime
{
    /// <summary>The start and stop of a silo.</summary>
    public interface ISiloLifecycle : ILifecycleObservable
    {
        /// <summary>The last stage that has started.</summary>
        int HighestCompletedStage { get; }

        /// <summary>The last stage that has stopped.</summary>
        int LowestStoppedStage { get; }
    }

    /// <summary>Work to be done when a silo starts.</summary>
    public interface IStartupTask
    {
        /// <summary>Does it. An error stops the silo's start.</summary>
        Task Execute(CancellationToken cancellationToken);
    }
}

namespace Orleans
{
    /// <summary>The stages of a silo's life.</summary>
    public static class ServiceLifecycleStage
    {
        /// <summary>Before any other.</summary>
        public const int First = int.MinValue;

        /// <summary>The runtime gets ready.</summary>
        public const int RuntimeInitialize = 2000;

        /// <summary>The runtime's services start.</summary>
        public const int RuntimeServices = 4000;

        /// <summary>Storage of the runtime starts.</summary>
        public const int RuntimeStorageServices = 6000;

        /// <summary>The runtime's grain services start.</summary>
        public const int RuntimeGrainServices = 8000;

        /// <summary>After the runtime's grain services.</summary>
        public const int AfterRuntimeGrainServices = 8100;

        /// <summary>The application's services start. Going down, grains have been deactivated before.</summary>
        public const int ApplicationServices = 10000;

        /// <summary>The silo joins the cluster.</summary>
        public const int BecomeActive = Active - 1;

        /// <summary>The silo has joined: calls reach its grains, and its own calls reach others.</summary>
        public const int Active = 20000;

        /// <summary>After any other.</summary>
        public const int Last = int.MaxValue;
    }
}
