using System.Text.Encodings.Web;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Hosting.Auditing;

/// <summary>
/// The audit log: who did what, from where, with what outcome; one event a request, when it has been answered. It has a category of its own, and never
/// an argument, a secret, a token or an e-mail.
/// </summary>
internal sealed partial class AuditLog(ILoggerFactory loggers, TimeProvider timeProvider)
{
    public const string Category = "SyncCluster.Audit";

    private const int MaxLength = 256;

    private readonly ILogger _logger = loggers.CreateLogger(Category);
    private readonly TimeProvider _timeProvider = timeProvider;

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

    private void Log(
        HttpContext http, AuditedAction action, AuditedCaller caller, int status, string customer, string task, string job, TimeSpan took)
    {
        try
        {
            LogRequest(
                action.Name,
                status,
                caller.By,
                Plain(caller.Username),
                Plain(caller.Customer),
                ClientAddress.Of(http),
                Plain(customer),
                TaskId.IsValid(task) ? task : "",
                JobId.IsValid(job) ? job : "",
                Math.Round(took.TotalSeconds, 3));
        }
        catch (AggregateException)
        {
            // A provider of the log has failed, after all of them had the event. The request has its answer, and the next event may be written.
        }
    }

    /// <summary>Text that others have chosen, as a part of a line in quotes: it can end neither.</summary>
    private static string Plain(string text) => JavaScriptEncoder.UnsafeRelaxedJsonEscaping
        .Encode(text.Length <= MaxLength ? text : text[..MaxLength])
        .Replace("\\\"", "\\u0022", StringComparison.Ordinal);

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
