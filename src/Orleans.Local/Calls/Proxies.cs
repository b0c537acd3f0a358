using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using Orleans.Runtime;

namespace Orleans.Calls;

/// <summary>The compiled proxies of this process, one class for each grain interface, made at the first use.</summary>
internal static class Proxies
{
    private static readonly ConcurrentDictionary<Type, Lazy<Proxy>> All = new();

    public static Proxy For(Type grainInterface) =>
        All.GetOrAdd(grainInterface, static type => new Lazy<Proxy>(() => new Proxy(type))).Value;

    /// <summary>The proxy class of one interface.</summary>
    internal sealed class Proxy
    {
        public Proxy(Type grainInterface)
        {
            var proxy = ProxyCompiler.Compile(grainInterface);
            var id = Expression.Parameter(typeof(GrainId));
            var host = Expression.Parameter(typeof(Caller));
            var constructor = proxy.GetConstructor(BindingFlags.Public | BindingFlags.Instance, [typeof(GrainId), typeof(Caller)])!;
            Create = Expression.Lambda<Func<GrainId, Caller, GrainReference>>(Expression.New(constructor, id, host), id, host).Compile();
        }

        public Func<GrainId, Caller, GrainReference> Create { get; }
    }

    /// <summary>The proxy of an interface that the calling code names, without a look-up.</summary>
    internal static class Of<TGrainInterface>
    {
        private static Proxy? _proxy;

        // Not in a static constructor, so that an interface that is not legal is refused each time with the reason.
        public static Proxy Proxy => _proxy ??= For(typeof(TGrainInterface));
    }
}
