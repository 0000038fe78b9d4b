namespace SyncCluster.Execution.TheEye;

/// <summary>
/// The jobs of a task that hold a place, and the tickets that wait for one.
/// <para>
/// When a job is created, TheEye deletes each ended job of the task that has at least as many newer ones as it keeps, read or not. So it is not enough
/// to have few jobs at once: beside one that runs for long, others come and go, and the first of them that is created between its end and its read
/// deletes it. A place counts the jobs that may be newer than its own, those that have left included. No job is created that would be one too many
/// for any place.
/// </para>
/// </summary>
internal sealed class JobWindow(TimeProvider timeProvider)
{
    /// <summary>The count of a job that was found later: no job is created before it has left.</summary>
    private const int Unknown = 1_000_000;

    /// <summary>A ticket that has not asked for longer is dropped: its gateway is gone.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(6);

    /// <summary>How often a job is checked that delays no call.</summary>
    private static readonly TimeSpan SlowCheck = TimeSpan.FromMinutes(1);

    /// <summary>In the order of their admission.</summary>
    private readonly List<Place> _places = [];

    /// <summary>In the order of their arrival.</summary>
    private readonly List<Waiting> _queue = [];

    public bool IsEmpty => _places.Count + _queue.Count == 0;

    /// <summary>Whether a ticket or job has a place.</summary>
    public bool Holds(string id) => _places.Exists(place => place.Id == id);

    /// <summary>Whether a ticket waits for a place.</summary>
    public bool IsQueued(string ticket) => _queue.Exists(waiting => waiting.Ticket.Id == ticket);

    /// <summary>Adds a ticket to the queue, or notes that it has asked again.</summary>
    public void Enqueue(WindowTicket ticket)
    {
        var waiting = _queue.Find(waiting => waiting.Ticket.Id == ticket.Id);
        if (waiting is null)
        {
            _queue.Add(waiting = new Waiting(ticket));
        }

        waiting.AskedAt = timeProvider.GetTimestamp();
    }

    /// <summary>
    /// Gives places to the tickets whose jobs may be created now. The user with the fewest places is next, then the ticket that came first.
    /// </summary>
    /// <returns>The ids of these tickets.</returns>
    public IReadOnlyList<string> Admit()
    {
        List<string> admitted = [];
        while (_queue.Where(MayEnter).MinBy(waiting => _places.Count(place => place.User == waiting.Ticket.User)) is { } next)
        {
            _queue.Remove(next);
            var place = new Place(next.Ticket.Id, next.Ticket.User) { Since = timeProvider.GetTimestamp() };
            foreach (var other in _places)
            {
                other.Newer++;
                if (!other.IsBound)
                {
                    // Until both are created, either may turn out to be the newer one.
                    place.Newer++;
                    place.Concurrent.Add(other);
                    other.Concurrent.Add(place);
                }
            }

            _places.Add(place);
            admitted.Add(next.Ticket.Id);
        }

        return admitted;
    }

    /// <summary>A ticket's job is created.</summary>
    /// <returns>False: the ticket has no place here. Its job gets one.</returns>
    public bool Bind(string ticket, string jobId)
    {
        if (_places.Find(place => place.Id == ticket) is not { } place)
        {
            AddFound(jobId);
            return false;
        }

        Leave(jobId);
        (place.Id, place.IsBound, place.Since, place.CheckedAt) = (jobId, true, timeProvider.GetTimestamp(), timeProvider.GetTimestamp());
        foreach (var other in place.Concurrent.Where(other => other.IsBound).ToArray())
        {
            // TheEye goes by the order of the ids, too.
            var newer = string.CompareOrdinal(jobId, other.Id) > 0 ? place : other;
            newer.Newer--;
            place.Concurrent.Remove(other);
            other.Concurrent.Remove(place);
        }

        return true;
    }

    /// <summary>Adds a job of which it is not known which jobs are newer.</summary>
    public void AddFound(string jobId)
    {
        if (!Holds(jobId))
        {
            _places.Add(new Place(jobId, "") { Newer = Unknown, IsBound = true, Since = timeProvider.GetTimestamp() });
        }
    }

    /// <summary>A ticket's job will never be created: it is not newer than any other.</summary>
    public void Withdraw(string ticket)
    {
        _queue.RemoveAll(waiting => waiting.Ticket.Id == ticket);
        if (Remove(place => place.Id == ticket && !place.IsBound) > 0)
        {
            foreach (var place in _places)
            {
                place.Newer--;
            }
        }
    }

    /// <summary>A ticket or job gives its place up.</summary>
    public void Leave(string id) => Remove(place => place.Id == id);

    /// <summary>Drops what gateways that are gone have left: tickets, and places for jobs that would have been created long ago.</summary>
    public void Prune(TimeSpan creationTime)
    {
        _queue.RemoveAll(waiting => IsOlderThan(waiting.AskedAt, LongestSilence));
        Remove(place => !place.IsBound && IsOlderThan(place.Since, creationTime));
    }

    /// <summary>The jobs that are to be checked now: those that keep tickets waiting, and from time to time all others.</summary>
    public IReadOnlyList<string> TakeChecks()
    {
        List<string> jobs = [];
        foreach (var place in _places.Where(place => place.IsBound && (IsInTheWay(place) || IsOlderThan(place.CheckedAt, SlowCheck))))
        {
            place.CheckedAt = timeProvider.GetTimestamp();
            jobs.Add(place.Id);
        }

        return jobs;
    }

    /// <summary>Whether a job has had its place for so long.</summary>
    public bool HasHeld(string jobId, TimeSpan time) => _places.Exists(place => place.Id == jobId && IsOlderThan(place.Since, time));

    private int Remove(Predicate<Place> match)
    {
        // Each place would keep those before it in memory.
        foreach (var place in _places.FindAll(place => match(place) && !place.IsBound))
        {
            place.Concurrent.Clear();
        }

        return _places.RemoveAll(match);
    }

    private bool MayEnter(Waiting waiting) => _places.TrueForAll(place => place.Newer + 1 < waiting.Ticket.Limit);

    private bool IsInTheWay(Place place) => _queue.Exists(waiting => place.Newer + 1 >= waiting.Ticket.Limit);

    private bool IsOlderThan(long since, TimeSpan time) => timeProvider.GetElapsedTime(since) > time;

    private sealed class Place(string id, string user)
    {
        /// <summary>The ticket; once it is bound, the job.</summary>
        public string Id { get; set; } = id;

        public string User => user;

        /// <summary>Whether the job is created.</summary>
        public bool IsBound { get; set; }

        /// <summary>How many jobs may be newer, those that have left included.</summary>
        public int Newer { get; set; }

        /// <summary>The places that were not bound when this one was admitted, or that were admitted before this one was bound.</summary>
        public List<Place> Concurrent { get; } = [];

        /// <summary>When it was admitted or bound.</summary>
        public long Since { get; set; }

        public long CheckedAt { get; set; }
    }

    private sealed class Waiting(WindowTicket ticket)
    {
        public WindowTicket Ticket => ticket;

        public long AskedAt { get; set; }
    }
}
