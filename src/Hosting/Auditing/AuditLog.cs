using System.Text.Encodings.Web;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Hosting.Auditing;

/// <summary>
/// The audit log: who did what, from where, with what outcome; one event a request, when it has been answered. It has a category of its own, and never
/// an argument, a secret, a token or an e-mail. Events of some milliseconds are logged together: the console's logger wakes its thread for an event
/// that comes alone, which costs as much as the event.
/// </summary>
internal sealed partial class AuditLog : IDisposable
{
    public const string Category = "SyncCluster.Audit";

    private const int MaxLength = 256;

    /// <summary>With as many events, requests wait for the log, so that one that can't be written takes no more memory.</summary>
    internal const int MaxEvents = 1_000;

    /// <summary>How long an event waits for others at most. A killed server loses what waits.</summary>
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(20);

    private readonly ILogger _logger;
    private readonly TimeProvider _timeProvider;
    private readonly Timer _timer;

    /// <summary>Held while events are logged, so that they are in order.</summary>
    private readonly Lock _logging = new();

    /// <summary>Guards what follows.</summary>
    private readonly Lock _lock = new();

    private List<Waiting> _events = [];
    private bool _isDisposed;

    public AuditLog(ILoggerFactory loggers, TimeProvider timeProvider)
    {
        _logger = loggers.CreateLogger(Category);
        _timeProvider = timeProvider;
        _timer = new(static log => ((AuditLog)log!).Flush(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Logs what waits. From now on events are logged at once.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
        }

        _timer.Dispose();
        Flush();
    }

    /// <summary>Logs a request when it has been answered.</summary>
    public void Watch(HttpContext http, AuditedAction action)
    {
        if (_logger.IsEnabled(LogLevel.Information))
        {
            http.Response.OnCompleted(static state => ((Entry)state).WriteAsync(), new Entry(this, http, action));
        }
    }

    /// <summary>Logs what a request has done to one of several jobs.</summary>
    /// <param name="http">The request.</param>
    /// <param name="action">What it has done.</param>
    /// <param name="job">The job.</param>
    /// <param name="status">The status that a request for this one alone would have got.</param>
    /// <param name="took">How long it took.</param>
    public void Log(HttpContext http, AuditedAction action, string job, int status, TimeSpan took)
    {
        var caller = action.CallerOf(http) ?? AuditedCaller.Unknown;
        Log(http, action, caller, status, caller.Customer, "", job, took);
    }

    /// <summary>Logs what waits.</summary>
    internal void Flush()
    {
        lock (_logging)
        {
            List<Waiting> events;
            lock (_lock)
            {
                (events, _events) = (_events, []);
            }

            foreach (var one in events)
            {
                try
                {
                    one.Log();
                }
                catch (AggregateException)
                {
                    // A provider of the log has failed, after all of them had the event. The request has its answer, and the next event may be written.
                }
            }
        }
    }

    private void Log(
        HttpContext http, AuditedAction action, AuditedCaller caller, int status, string customer, string task, string job, TimeSpan took)
    {
        var added = new Waiting(this, action.Name, status, caller, ClientAddress.Of(http), customer, task, job, took, ExecutionContext.Capture());
        bool isFull;
        lock (_lock)
        {
            _events.Add(added);
            isFull = _isDisposed || _events.Count >= MaxEvents;
            if (!isFull && _events.Count == 1)
            {
                _timer.Change(Delay, Timeout.InfiniteTimeSpan);
            }
        }

        if (isFull)
        {
            Flush();
        }
    }

    /// <summary>Text that others have chosen, as a part of a line in quotes: it can end neither.</summary>
    private static string Plain(string text) => JavaScriptEncoder.UnsafeRelaxedJsonEscaping
        .Encode(text.Length <= MaxLength ? text : text[..MaxLength])
        .Replace("\\\"", "\\u0022", StringComparison.Ordinal);

    /// <summary>An event that waits for others.</summary>
    private sealed record Waiting(
        AuditLog Owner, string Action, int Status, AuditedCaller Caller, string Client, string Customer, string Task, string Job, TimeSpan Took, ExecutionContext? Context)
    {
        /// <summary>Logs it with the scopes of its request, which its context has.</summary>
        public void Log()
        {
            if (Context is null)
            {
                Write();
            }
            else
            {
                ExecutionContext.Run(Context, static waiting => ((Waiting)waiting!).Write(), this);
            }
        }

        private void Write() => Owner.LogRequest(
            Action,
            Status,
            Caller.By,
            Plain(Caller.Username),
            Plain(Caller.Customer),
            Client,
            Plain(Customer),
            TaskId.IsValid(Task) ? Task : "",
            JobId.IsValid(Job) ? Job : "",
            Math.Round(Took.TotalSeconds, 3));
    }

    /// <summary>A request. What its path names is read when it arrives: the handler of exceptions clears that.</summary>
    private sealed class Entry(AuditLog log, HttpContext http, AuditedAction action)
    {
        private readonly long _arrival = log._timeProvider.GetTimestamp();
        private readonly string _customer = Named(http, "customer");
        private readonly string _task = Named(http, "task");
        private readonly string _job = Named(http, "job");

        public Task WriteAsync()
        {
            var status = http.Response.StatusCode;
            if (action.OnlyStatuses?.Contains(status) == false)
            {
                return Task.CompletedTask;
            }

            var caller = action.CallerOf(http) ?? AuditedCaller.Unknown;
            var named = http.Features.Get<AuditedTask>();
            var customer = _customer.Length > 0 ? _customer : named?.Customer is { Length: > 0 } inBody ? inBody : caller.Customer;
            var task = named?.Id ?? _task;
            var job = http.Response.Headers["Job-Id"].ToString() is { Length: > 0 } answered ? answered : _job;
            log.Log(http, action, caller, status, customer, task, job, log._timeProvider.GetElapsedTime(_arrival));
            return Task.CompletedTask;
        }

        private static string Named(HttpContext http, string name) =>
            http.Request.RouteValues[name] as string ?? http.Request.Query[name].ToString();
    }
}
