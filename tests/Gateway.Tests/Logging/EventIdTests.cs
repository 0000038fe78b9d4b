using System.Reflection;
using Microsoft.Extensions.Logging;

namespace SyncCluster.Gateway.Tests.Logging;

/// <summary>
/// Each log message has its own event id, which operators filter and alert by. Each namespace takes its ids from a range of its own.
/// </summary>
public sealed class EventIdTests
{
    private const BindingFlags DeclaredMethods =
        BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly string[] ProductAssemblies =
        ["SyncCluster.Scripts", "SyncCluster.Grains", "SyncCluster.Hosting", "SyncCluster.Silo", "SyncCluster.Gateway"];

    private static readonly IdRange[] Ranges =
    [
        new("SyncCluster.Jobs", 1000, 1099),
        new("SyncCluster.Tasks", 1100, 1199),
        new("SyncCluster.Quotas", 1200, 1299),
        new("SyncCluster.SerialTasks", 1300, 1399),
        new("SyncCluster.Storage", 1400, 1439),
        new("SyncCluster.Settings", 1440, 1459),
        new("SyncCluster.Placement", 1460, 1479),
        new("SyncCluster.Doors", 1480, 1489),
        new("SyncCluster.Overview", 4530, 4539),
        new("SyncCluster.Scripts", 2000, 2099),
        new("SyncCluster.Execution", 2100, 2999),
        new("SyncCluster.Hosting", 3000, 3199),
        new("SyncCluster.Silo", 3200, 3299),
        new("SyncCluster.Gateway", 4000, 4999),
    ];

    private static readonly Message[] Messages =
    [
        .. from assembly in ProductAssemblies
           from type in Assembly.Load(assembly).GetTypes()
           from method in type.GetMethods(DeclaredMethods)
           let attribute = method.GetCustomAttribute<LoggerMessageAttribute>()
           where attribute is not null
           select new Message($"{type}.{method.Name}", attribute.EventId, Ranges.FirstOrDefault(range => range.Contains(type))),
    ];

    [Fact]
    public void Each_message_has_an_explicit_event_id_from_the_range_of_its_namespace()
    {
        Assert.NotEmpty(Messages);
        Assert.DoesNotContain(Messages, message => message.Range is null || message.EventId < message.Range.First || message.EventId > message.Range.Last);
    }

    [Fact]
    public void No_event_id_is_used_twice() =>
        Assert.Empty(Messages.GroupBy(message => message.EventId).Where(messages => messages.Count() > 1).SelectMany(messages => messages));

    private sealed record IdRange(string Namespace, int First, int Last)
    {
        public bool Contains(Type type) => $"{type.Namespace}.".StartsWith($"{Namespace}.", StringComparison.Ordinal);
    }

    private sealed record Message(string Method, int EventId, IdRange? Range);
}
