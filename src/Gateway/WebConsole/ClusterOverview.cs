using System.Globalization;
using SyncCluster.Overview;
using SyncCluster.WebConsole;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>Makes of what silos and gateways say what people look for, warnings first.</summary>
internal static class ClusterOverview
{
    /// <summary>Rows of a table; the number of customers and tasks has no limit.</summary>
    private const int MostRows = 50;

    /// <summary>From here on a server warns of its clock itself.</summary>
    private static readonly TimeSpan NoticeableSkew = TimeSpan.FromSeconds(1);

    /// <param name="report">What a silo says; null if none has answered.</param>
    /// <param name="gateway">This gateway.</param>
    /// <param name="isAlone">Whether this process is the whole cluster.</param>
    /// <param name="now">When they were asked.</param>
    public static ShownCluster Of(ClusterReport? report, GatewayReport gateway, bool isAlone, DateTimeOffset now)
    {
        SiloEntry[] silos = [.. (report?.Silos ?? []).OrderBy(silo => silo.Name, StringComparer.Ordinal).ThenBy(silo => silo.Silo)];
        GatewayReport[] gateways = [gateway, .. (report?.Gateways ?? []).Where(other => other.Id != gateway.Id)];
        SiloReport[] reports = [.. silos.Select(silo => silo.Report).OfType<SiloReport>()];
        var customers = CustomersOf(reports);
        return new()
        {
            At = now,
            Warnings = [.. WarningsOf(report, silos, gateways, reports, customers)],
            Gateways = [.. gateways.Select(one => new ShownGateway(one.Name, one.Id == gateway.Id, one.Version, one.StartedAt, one.Waiters, Clock(one.ClockOffset)))],
            Silos = [.. silos.Select(Shown)],
            Waiting = reports.Sum(one => one.Waiting),
            Queues =
            [
                .. reports.SelectMany(one => one.Queues)
                    .GroupBy(queue => (queue.Customer, queue.TaskId))
                    .Select(task => new ShownQueue(task.First().TaskName, task.Key.Customer, task.Sum(queue => queue.Jobs)))
                    .OrderByDescending(queue => queue.Jobs)
                    .Take(MostRows),
            ],
            Customers =
            [
                .. customers.Select(customer => new ShownUse(
                    customer.Customer,
                    Meter($"{customer.Jobs}", customer.JobLimit is { } limit ? $"{limit}" : null, customer.Jobs, customer.JobLimit),
                    Meter(Bytes(customer.StoredBytes), customer.StoredLimit is { } most ? Bytes(most) : null, customer.StoredBytes, customer.StoredLimit))),
            ],
            Storage =
            [
                .. StorageOf(reports).Select(storage => new ShownUse(
                    storage.Name, Meter(Bytes(storage.UsedBytes), storage.Limit is { } most ? Bytes(most) : null, storage.UsedBytes, storage.Limit))),
            ],
            NotDrained = isAlone ? Problems.NotDrainedAlone.Message
                : silos.Count(silo => silo.Status == SiloStatus.Active && silo.Report?.IsStopping != true) < 2 ? Problems.LastSilo.Message
                : null,
        };
    }

    /// <summary>The silo of an address; null if it is none.</summary>
    public static SiloAddress? AddressOf(string text)
    {
        try
        {
            return text.Length is > 0 and < 100 ? SiloAddress.FromParsableString(text) : null;
        }
        catch (Exception fault) when (fault is FormatException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static ShownSilo Shown(SiloEntry silo)
    {
        var isStopping = silo.Status.IsLeaving() || silo.Report?.IsStopping == true;
        var (state, style) =
            isStopping ? (silo.Report is { } stopping ? $"drains: {Scripts(stopping.Running)} left" : "drains", "busy")
            : silo.Report is null ? ("no answer", "bad")
            : silo.Status == SiloStatus.Active ? ("active", "good")
            : (silo.Status.ToString().ToLowerInvariant(), "busy");
        return new(
            silo.Name,
            silo.Silo.ToParsableString(),
            state,
            style,
            silo.Report is { } report
                ? new(
                    report.Version,
                    report.StartedAt,
                    report.Capacity is { } capacity ? $"{report.Running} of {capacity}" : $"{report.Running}",
                    report.Waiting,
                    Clock(report.ClockOffset))
                : null,
            CanDrain: silo.Status == SiloStatus.Active && !isStopping);
    }

    private static IEnumerable<string> WarningsOf(
        ClusterReport? report,
        IReadOnlyList<SiloEntry> silos,
        IReadOnlyList<GatewayReport> gateways,
        IReadOnlyList<SiloReport> reports,
        IReadOnlyList<CustomerReport> customers)
    {
        if (report is null)
        {
            yield return "No silo has answered: what this page shows is of this gateway alone.";
        }

        foreach (var silo in silos.Where(silo => silo.Report is null && silo.Status == SiloStatus.Active))
        {
            yield return $"The silo {silo.Name} has not answered. If it is gone, the others take its jobs over within seconds.";
        }

        foreach (var storage in StorageOf(reports).Where(storage => storage.IsFull))
        {
            yield return $"{storage.Name} is nearly full, or may evict what it holds: new jobs are refused, those of customers with much stored first.";
        }

        foreach (var customer in customers)
        {
            if (customer.JobLimit <= customer.Jobs)
            {
                yield return $"{customer.Customer} has all the jobs that it may have: its new calls are refused.";
            }

            if (customer.StoredLimit <= customer.StoredBytes)
            {
                yield return $"{customer.Customer} has stored all that it may: its new calls are refused.";
            }
        }

        IEnumerable<(string Name, TimeSpan Offset)> clocks =
        [
            .. silos.Select(silo => ($"the silo {silo.Name}", silo.Report?.ClockOffset ?? default)),
            .. gateways.Select(gateway => ($"the gateway {gateway.Name}", gateway.ClockOffset)),
        ];
        foreach (var (name, offset) in clocks.Where(clock => clock.Offset.Duration() > NoticeableSkew))
        {
            yield return $"The clock of {name} is {Clock(offset)}: have it set by NTP.";
        }

        string[] versions = [.. reports.Select(one => one.Version).Union(gateways.Select(gateway => gateway.Version)).Order(StringComparer.Ordinal)];
        if (versions.Length > 1)
        {
            yield return $"Servers of several versions run: {string.Join(", ", versions)}.";
        }
    }

    /// <summary>Jobs are counted by the silos that have them; limits and what is stored are the same at all.</summary>
    private static CustomerReport[] CustomersOf(IEnumerable<SiloReport> reports) =>
    [
        .. reports.SelectMany(report => report.Customers)
            .GroupBy(customer => customer.Customer)
            .Select(customer => customer.First() with
            {
                Jobs = customer.Sum(part => part.Jobs),
                StoredBytes = customer.Max(part => part.StoredBytes),
            })
            .OrderByDescending(customer => customer.Jobs)
            .ThenByDescending(customer => customer.StoredBytes)
            .ThenBy(customer => customer.Customer, StringComparer.Ordinal)
            .Take(MostRows),
    ];

    /// <summary>All silos have the same storage, and see the same of it.</summary>
    private static StorageReport[] StorageOf(IEnumerable<SiloReport> reports) =>
        reports.Select(report => report.Storage).MaxBy(storage => storage.Length) ?? [];

    private static ShownMeter Meter(string used, string? limit, double value, double? most) =>
        new(limit is null ? $"{used}, no limit" : $"{used} of {limit}", most is > 0 ? value / most : null);

    private static string Scripts(int count) => count == 1 ? "1 script" : $"{count} scripts";

    private static string Clock(TimeSpan offset) =>
        offset.Duration() < TimeSpan.FromMilliseconds(50) ? "in step"
        : string.Create(CultureInfo.InvariantCulture, $"{offset.Duration().TotalSeconds:0.0} s {(offset > TimeSpan.Zero ? "behind" : "ahead")}");

    private static string Bytes(long bytes) => bytes switch
    {
        < 1 << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"),
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):0.#} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024 * 1024):0.#} GiB"),
    };
}
